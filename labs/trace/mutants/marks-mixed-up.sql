-- mutant: the mark `stove` is taken for the mark `dish`, and the other way round
-- fails: longest-dish longest-stove
-- run: kitchen-x86_64-1
SELECT * FROM (SELECT 'longest-dish', t.name FROM mark m JOIN thread t USING (thread) WHERE m.name = 'stove' ORDER BY m.dur DESC LIMIT 1)
UNION ALL SELECT 'longest-stove', max(dur) FROM mark WHERE name = 'dish'
