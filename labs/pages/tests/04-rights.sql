-- title: A page can be used as its mapping says, and in no other way
-- points: 3
-- level: core
-- run: paths
-- least: 36
-- hint: What may be stored to has PTE_WRITE, what may not be executed has PTE_NX. The last level is where it is said.

-- "exec rw" is a try to execute what may be read and written; the next "done" says whether it went through.
SELECT id, done = (name GLOB 'load r*' OR name = 'store rw' OR name = 'exec rx') AS ok,
	printf('a try to %s at 0x%x %s', replace(name, ' ', ' what is '), value,
		CASE done WHEN 1 THEN 'goes through' ELSE 'is refused' END) AS what
FROM try WHERE name GLOB 'load *' OR name GLOB 'store *' OR name GLOB 'exec *' ORDER BY id
