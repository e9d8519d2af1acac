-- title: What is no longer in the table is in no CPU either
-- points: 4
-- level: core
-- run: collide
-- least: 100
-- hint: A CPU goes on using a translation that it has fetched, whatever becomes of the entry, until tlbie has told it and
--   tlbsync has waited.
SELECT id, faults > 0 AND (saw = 'right') AS ok, printf('a %s at 0x%x: its translation was taken away, and %s',
	CASE name WHEN 'gone' THEN 'load' ELSE name END, address,
	CASE faults WHEN 0 THEN 'no fault came' ELSE 'it found something wrong' END) AS what
FROM seen WHERE NOT there ORDER BY id
