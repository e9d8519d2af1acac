-- title: Every translation is entered in a group of its page
-- points: 2
-- level: warm-up
-- run: start
-- least: 40
-- hint: For a page without a place, place_find() is given its primary group. A free place is the first thing to look for.

-- XOR is (a | b) - (a & b).
WITH paged AS (SELECT *, space * 64 + (address >> 40) AS vsid, address >> 12 & 0xfffffff AS page FROM entered),
	hashed AS (SELECT *, ((vsid | page) - (vsid & page)) & 2047 AS hash FROM paged)
SELECT id, grp = CASE secondary WHEN 1 THEN 2047 - hash ELSE hash END AS ok,
	printf('page 0x%x is in group %d; its primary group is %d, its secondary %d', address, grp, hash, 2047 - hash) AS what
FROM hashed ORDER BY id
