-- ask: How many times was the right to write missed in the run rights, on POWER?
-- points: 1
-- run: rights
-- machine: ppc64
-- hint: missing is a number of enum handle_rights.
SELECT count(*) FROM handle_refused WHERE missing = 2
