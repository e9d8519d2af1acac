-- ask: Which CPU gives the last answer of the roll call on POWER (the mark `here` with the highest id)?
-- points: 1
-- run: rollcall
-- machine: ppc64
-- hint: mark_instant is a table; ORDER BY id DESC LIMIT 1.
SELECT cpu FROM mark_instant WHERE name = 'here' ORDER BY id DESC LIMIT 1
