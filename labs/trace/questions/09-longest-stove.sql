-- ask: For how many nanoseconds was the stove taken by one cook at most, on x86-64?
-- points: 2
-- run: kitchen
-- machine: x86_64
-- hint: There is a mark for that, too.
SELECT max(dur) FROM mark WHERE name = 'stove'
