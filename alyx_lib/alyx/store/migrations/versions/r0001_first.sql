CREATE TABLE dataset (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    title text NOT NULL,
    kind text NOT NULL,
    schema jsonb NOT NULL,
    snapshot integer NOT NULL DEFAULT 0,
    events bigint NOT NULL DEFAULT 0,
    chunks integer NOT NULL DEFAULT 0,
    bytes bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT dataset_kind CHECK (kind IN ('real', 'simulated', 'synthetic')),
    CONSTRAINT dataset_name CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,99}$')
);

CREATE TABLE chunk (
    id bigint PRIMARY KEY,
    dataset_id integer NOT NULL REFERENCES dataset (id),
    address text NOT NULL UNIQUE,
    sha256 bytea NOT NULL,
    rows integer NOT NULL,
    bytes bigint NOT NULL,
    added_in integer NOT NULL,
    withdrawn_in integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT chunk_rows CHECK (rows BETWEEN 1 AND 1048576)
);
CREATE INDEX chunk_dataset ON chunk (dataset_id, added_in);

CREATE TABLE event_header (
    id bigint NOT NULL,
    dataset_id integer NOT NULL,
    run bigint NOT NULL,
    luminosity_block bigint NOT NULL,
    event bigint NOT NULL,
    time timestamptz,
    energy real,
    vertex_x real,
    vertex_y real,
    vertex_z real,
    met_pt real,
    n_muon integer NOT NULL,
    muon_pt1 real,
    muon_pt2 real,
    n_electron integer NOT NULL,
    electron_pt1 real,
    electron_pt2 real,
    n_photon integer NOT NULL,
    photon_pt1 real,
    photon_pt2 real,
    n_jet integer NOT NULL,
    jet_pt1 real,
    jet_pt2 real,
    n_track integer NOT NULL,
    track_pt1 real,
    track_pt2 real,
    muon_pair_mass real,
    muon_pair_charge smallint,
    region_mask bigint NOT NULL,
    added_in integer NOT NULL,
    withdrawn_in integer
) PARTITION BY RANGE (time);
CREATE INDEX event_header_id ON event_header (dataset_id, id);
CREATE INDEX event_header_time ON event_header USING brin (time);
CREATE INDEX event_header_run ON event_header (dataset_id, run, luminosity_block, event);
CREATE INDEX event_header_energy ON event_header (energy);
-- Events without a known time stand here: never the clock.
CREATE TABLE event_header_default PARTITION OF event_header DEFAULT;

CREATE TABLE ingest_intent (
    chunk_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    address text NOT NULL UNIQUE,
    expires_at timestamptz NOT NULL
);

CREATE TABLE ingest_receipt (
    dataset_id integer NOT NULL REFERENCES dataset (id),
    key text NOT NULL,
    source text NOT NULL,
    events bigint NOT NULL,
    repeated bigint NOT NULL,
    chunks integer NOT NULL,
    snapshot integer NOT NULL,
    committed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (dataset_id, key)
);

-- Uniqueness of (run, luminosity block, event) is a data set's, and no unique key can span
-- the time partitions: this registry says which blocks must be looked through.
CREATE TABLE run_block (
    dataset_id integer NOT NULL REFERENCES dataset (id),
    run bigint NOT NULL,
    luminosity_block bigint NOT NULL,
    events bigint NOT NULL,
    PRIMARY KEY (dataset_id, run, luminosity_block)
);

CREATE TABLE job (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    owner text NOT NULL,
    kind text NOT NULL,
    spec jsonb NOT NULL,
    dataset_id integer NOT NULL REFERENCES dataset (id),
    snapshot integer NOT NULL,
    fingerprint text NOT NULL,
    status text NOT NULL DEFAULT 'QUEUED',
    target text NOT NULL DEFAULT 'COMPLETED',
    attempt integer NOT NULL DEFAULT 0,
    priority smallint NOT NULL DEFAULT 1,
    workers integer NOT NULL DEFAULT 1,
    chunks_total integer NOT NULL,
    events_total bigint NOT NULL,
    chunks_done integer NOT NULL DEFAULT 0,
    events_done bigint NOT NULL DEFAULT 0,
    forecast jsonb NOT NULL,
    cluster text,
    lease_owner text,
    lease_until timestamptz,
    error text,
    waiting text,
    idempotency_key text,
    result jsonb,
    receipt jsonb,
    submitted_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    CONSTRAINT job_idempotency UNIQUE (owner, idempotency_key),
    CONSTRAINT job_status CHECK (
        status IN ('QUEUED', 'STARTING', 'RUNNING', 'COMPLETED', 'FAILED', 'STOPPED')
    ),
    CONSTRAINT job_target CHECK (target IN ('COMPLETED', 'STOPPED'))
);
CREATE INDEX job_order ON job (status, priority, id);
CREATE INDEX job_owner ON job (owner, id);

CREATE TABLE job_event (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id bigint NOT NULL REFERENCES job (id) ON DELETE CASCADE,
    attempt integer NOT NULL,
    kind text NOT NULL,
    data jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT job_event_kind CHECK (kind IN ('state', 'progress', 'partial', 'log'))
);
CREATE INDEX job_event_job ON job_event (job_id, seq);

CREATE FUNCTION job_event_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('alyx_job_event', NEW.job_id || ':' || NEW.seq);
    RETURN NULL;
END $$;
CREATE TRIGGER job_event_notify AFTER INSERT ON job_event
    FOR EACH ROW EXECUTE FUNCTION job_event_notify();

CREATE TABLE job_chunk (
    job_id bigint NOT NULL REFERENCES job (id) ON DELETE CASCADE,
    chunk_id bigint NOT NULL,
    attempt integer NOT NULL,
    address text NOT NULL,
    checksum text NOT NULL,
    events_read bigint NOT NULL,
    events_selected bigint NOT NULL,
    entries double precision NOT NULL,
    seconds real NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (job_id, chunk_id)
);
