-- How often the athlete's clock had gone back when it was said: at_ms alone may come twice.
ALTER TABLE label ADD COLUMN restarts INTEGER NOT NULL DEFAULT 0;
