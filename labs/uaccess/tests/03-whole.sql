-- title: Every byte arrives, whatever length and alignment, and none beyond
-- points: 1
-- level: core
-- run: whole
-- least: 40
-- hint: the copy itself is given; what comes before and after it is not.
SELECT id, value = 1 AS ok, 'a copy of memory that is there' AS what FROM mark_instant WHERE name = 'whole' ORDER BY id
