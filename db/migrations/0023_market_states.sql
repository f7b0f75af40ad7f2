-- Why a bar has no signal, as a kind that can be told in the owner's language, and the first bar that can be judged again when every bar
-- arrives.
ALTER TABLE feature_rows ADD COLUMN no_signal_why TEXT;
ALTER TABLE feature_rows ADD COLUMN judged_from_ms INTEGER;
-- When a candle that this signal was judged from was first replaced by a later version of the venue's; the signal stays as judged.
ALTER TABLE signals ADD COLUMN candle_revised_ms INTEGER;
