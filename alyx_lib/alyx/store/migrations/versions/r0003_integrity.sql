ALTER TABLE chunk ADD COLUMN verified_at timestamptz;
-- NULL while nothing is known to be wrong with the file
ALTER TABLE chunk ADD COLUMN damage text;
CREATE INDEX chunk_damage ON chunk (id) WHERE damage IS NOT NULL;
