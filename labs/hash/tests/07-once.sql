-- title: What is in the table is found: no second fault
-- points: 2
-- level: core
-- run: collide
-- least: 150
-- hint: The valid bit goes last, and the entry of a secondary group says so (H), or the hardware passes it by.
SELECT id, faults = 0 AND saw = 'right' AS ok,
	printf('a %s at 0x%x: the page was in the table, and it took %d faults (what it found is %s)', name,
		address, faults, saw) AS what
FROM seen WHERE there ORDER BY id
