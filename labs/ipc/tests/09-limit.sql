-- title: 1024 messages may wait, no more, and each that is received makes room for one
-- points: 2
-- level: core
-- run: parcels
-- least: 3
-- hint: a message counts from when it is sent until it is over; which moment that is depends on whether somebody will answer it.
SELECT id, value = CASE WHEN row_number() OVER (ORDER BY id) = 1 THEN 1024 ELSE {taken} END AS ok,
  'room for ' || value || ' messages' AS what
FROM mark_instant WHERE name = 'room'
UNION ALL
SELECT id, value = 9, 'a call into the full queue is told ' || value FROM mark_instant WHERE name = 'call'
ORDER BY 1
