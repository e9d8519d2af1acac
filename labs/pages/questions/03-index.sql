-- ask: Which entry of its table of level 3, from 0 to 511, is on the way to the first page that paths stores to?
-- points: 1
-- run: paths
-- machine: x86_64
-- hint: The first mark called store has the address.

SELECT value >> 30 & 511 FROM mark_instant WHERE name = 'store' ORDER BY id LIMIT 1
