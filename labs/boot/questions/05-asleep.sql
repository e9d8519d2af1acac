-- ask: And which CPU was idle longest in all on POWER in that run (view idle, the sum of its dur)?
-- points: 1
-- run: rollcall
-- machine: ppc64
-- hint: GROUP BY cpu ORDER BY sum(dur) DESC.
SELECT cpu FROM idle GROUP BY cpu ORDER BY sum(dur) DESC, cpu LIMIT 1
