-- Why a worker's light is red, written with its heartbeat (docs/queue.md). NULL: green.
ALTER TABLE workers ADD COLUMN trouble TEXT;
ALTER TABLE workers ADD COLUMN trouble_since_ms INTEGER; -- real clock
-- Pruning asks for every old job whether its trace still has work or something a person must look at.
CREATE INDEX jobs_open_trace ON jobs (trace_id) WHERE state IN ('ready', 'running', 'parked', 'dead');
