-- title: Five levels: the same pages, the same answers
-- points: 3
-- level: core
-- run: paths5
-- least: 200
-- hint: How many levels there are is in `levels`; nothing else has to know.

-- 03 to 06 once more, and each first page has a table of each of the five levels.
SELECT id, level = 6 - number AS ok, printf('table %d of space %d serves level %d', number, space, level) AS what FROM made
	WHERE number <= 5
UNION ALL SELECT id, place = 5, printf('page 0x%x was entered after %d levels', address, place) FROM mmu_map
UNION ALL SELECT id, name = 'right', printf('the word at 0x%x is not the one that was stored there', value) FROM try
	WHERE name IN ('right', 'wrong')
UNION ALL SELECT id, done = (name GLOB 'load r*' OR name = 'store rw' OR name = 'exec rx'), printf('a try to %s at 0x%x %s',
		replace(name, ' ', ' what is '), value, CASE done WHEN 1 THEN 'goes through' ELSE 'is refused' END)
	FROM try WHERE name GLOB 'load *' OR name GLOB 'store *' OR name GLOB 'exec *'
UNION ALL SELECT id, done = 0, printf('a load from 0x%x goes through after the page was unmapped', value) FROM try
	WHERE name = 'gone'
UNION ALL SELECT t.id, u.pc IS t.value AND u.cause IS CASE t.name WHEN 'privileged' THEN
	'only the kernel may use that instruction'
		ELSE 'the address is the kernel''s' END,
	printf('the instruction at 0x%x was fetched; the kernel says: %s', t.value, ifnull(u.cause, 'nothing'))
	FROM try t LEFT JOIN fault_upcall u ON u.id BETWEEN t.id AND t.end WHERE t.name IN ('privileged', 'no address')
ORDER BY 1
