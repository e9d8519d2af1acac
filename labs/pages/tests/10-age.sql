-- title: Pages that are used stay young
-- points: 3
-- level: stress
-- run: age
-- least: 50
-- hint: Accessed is set when the processor loads a translation. One that it holds already sets nothing.

SELECT id, name = 'right' AS ok, printf('page %d has age %d, and was %s since the last look', value >> 8, value & 255,
		CASE value & 255 WHEN 0 THEN 'not used' ELSE 'used' END) AS what
FROM mark_instant WHERE name IN ('right', 'wrong') ORDER BY id
