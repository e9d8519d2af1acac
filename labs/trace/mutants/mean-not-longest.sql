-- mutant: the mean is taken for the longest
-- fails: longest-stove
-- run: kitchen-x86_64-1
SELECT 'longest-stove', CAST(avg(dur) AS INTEGER) FROM mark WHERE name = 'stove'
