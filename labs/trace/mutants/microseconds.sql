-- mutant: microseconds, as the timeline shows them, instead of nanoseconds
-- fails: first-fault longest-stove
-- run: kitchen-x86_64-1
SELECT * FROM (SELECT 'first-fault', dur / 1000 FROM washing ORDER BY id LIMIT 1)
UNION ALL SELECT 'longest-stove', max(dur) / 1000 FROM mark WHERE name = 'stove'
