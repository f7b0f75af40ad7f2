-- The line that tells the owner of an alert's end, composed in his language when it is raised; NULL: it ends silently.
ALTER TABLE alerts ADD COLUMN resolved_text TEXT;
