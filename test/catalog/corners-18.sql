-- What PostgreSQL 17 and 18 added, as pg_dump writes it.
CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;

CREATE DOMAIN public.required AS integer CONSTRAINT must NOT NULL CONSTRAINT "v, 1" CHECK ((VALUE > 0));

CREATE TABLE public.named (
    a integer CONSTRAINT a_must NOT NULL,
    b integer CONSTRAINT "b, must" NOT NULL NO INHERIT,
    c integer DEFAULT 3 CONSTRAINT c_must NOT NULL,
    t text CONSTRAINT t_must NOT NULL COLLATE pg_catalog."C",
    virtual integer GENERATED ALWAYS AS ((a + 1)),
    stored integer GENERATED ALWAYS AS ((a + 1)) STORED,
    last integer GENERATED ALWAYS AS (
CASE
    WHEN (a > 1) THEN 1
    ELSE 2
END)
);

CREATE TABLE public.child (
    d integer,
    CONSTRAINT c_own NOT NULL c,
    CONSTRAINT b_own NOT NULL b
)
INHERITS (public.named);

CREATE TABLE public.enforced (
    a integer,
    b integer NOT NULL,
    CONSTRAINT kept CHECK ((a > 0))
);

ALTER TABLE public.enforced
    ADD CONSTRAINT a_late NOT NULL a NOT VALID;

ALTER TABLE public.enforced
    ADD CONSTRAINT ignored CHECK ((a > 1)) NOT ENFORCED;

ALTER TABLE public.enforced
    ADD CONSTRAINT later CHECK ((b > 1)) NOT VALID;

CREATE TABLE public.booking (
    room integer NOT NULL,
    at tstzrange NOT NULL
);

CREATE TABLE public.stay (
    room integer,
    at tstzrange,
    id integer
);

CREATE TABLE public.root (
    id integer NOT NULL,
    k integer,
    r int4range
)
PARTITION BY LIST (k);

CREATE TABLE public.root_1 (
    id integer NOT NULL,
    k integer,
    r int4range
);

ALTER TABLE public.root ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.root_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY public.root ATTACH PARTITION public.root_1 FOR VALUES IN (1);

ALTER TABLE ONLY public.booking
    ADD CONSTRAINT booking_pkey PRIMARY KEY (room, at WITHOUT OVERLAPS);

ALTER TABLE ONLY public.stay
    ADD CONSTRAINT stay_key UNIQUE (room, at WITHOUT OVERLAPS);

ALTER TABLE ONLY public.enforced
    ADD CONSTRAINT enforced_pkey PRIMARY KEY (b);

ALTER TABLE ONLY public.root
    ADD CONSTRAINT root_excl EXCLUDE USING gist (k WITH =, r WITH &&);

ALTER TABLE ONLY public.root_1
    ADD CONSTRAINT root_1_excl EXCLUDE USING gist (k WITH =, r WITH &&);

ALTER INDEX public.root_excl ATTACH PARTITION public.root_1_excl;

ALTER TABLE ONLY public.stay
    ADD CONSTRAINT stay_booking FOREIGN KEY (room, PERIOD at) REFERENCES public.booking(room, PERIOD at);

ALTER TABLE public.stay
    ADD CONSTRAINT stay_id FOREIGN KEY (id) REFERENCES public.enforced(b) NOT ENFORCED;

CREATE PUBLICATION pub WITH (publish = 'insert, truncate', publish_generated_columns = stored);

ALTER PUBLICATION pub ADD TABLE ONLY public.named;
