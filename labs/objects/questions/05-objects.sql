-- ask: How many objects and endpoints were made in the run race on POWER, all in all?
-- points: 1
-- run: race
-- machine: ppc64
-- hint: object_create and endpoint_create.
SELECT (SELECT count(*) FROM object_create) + (SELECT count(*) FROM endpoint_create)
