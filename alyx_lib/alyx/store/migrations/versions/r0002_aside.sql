ALTER TABLE ingest_receipt ADD COLUMN aside bigint NOT NULL DEFAULT 0;

-- What a stream would not store: the events themselves, and how many were wrong in which way.
CREATE TABLE ingest_aside (
    dataset_id integer NOT NULL,
    key text NOT NULL,
    address text NOT NULL,
    sha256 bytea NOT NULL,
    events bigint NOT NULL,
    reasons jsonb NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (dataset_id, key),
    FOREIGN KEY (dataset_id, key) REFERENCES ingest_receipt (dataset_id, key)
);
