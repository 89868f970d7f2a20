-- How the database says no. FM001 carries a code of the error table (libs/kernel/errors.ts) for whoever asked; FM002 and
-- FM003 are faults of the program that asked: it tried to change what stands, or to decide without saying so.

-- A function is for whom it is granted to, never for everyone.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

CREATE FUNCTION refuse(code text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'FM001', MESSAGE = code;
END $$;

-- What is append-only or settled stays as it is for everyone, the owner included, unless triggers are switched off (which the
-- chain of facts then shows).
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'FM002', MESSAGE = 'append-only: ' || TG_TABLE_NAME;
END $$;
