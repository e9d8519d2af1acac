-- ask: In your run `readers` on POWER: how many nanoseconds did the longest grace period last that began between the marks `compute` and `computed`?
-- kind: answer
-- points: 1
-- run: readers
-- machine: ppc64
-- hint: The view grace_period has a column dur.
SELECT max(g.dur) FROM grace_period g WHERE g.id BETWEEN (SELECT id FROM mark_begin WHERE name = 'compute')
   AND (SELECT id FROM mark_instant WHERE name = 'computed')
