-- A long audience may be called in another order than that of its ids, the nearest first: a place names its order.
ALTER TABLE part_places ALTER COLUMN after TYPE text COLLATE "C" USING after::text;
ALTER TABLE part_places ADD CHECK (after ~ '^([0-9]{2}/)?[0-9a-f-]{36}$');
