-- mutant: what is in the till is taken for what is lost
-- fails: lost
-- run: till-ppc64-1
SELECT 'lost', value FROM mark_instant WHERE name = 'total'
