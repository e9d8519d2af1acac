-- title: What is unmapped is gone at once
-- points: 3
-- level: core
-- run: paths
-- least: 20
-- hint: The processor keeps translations that it has used, whatever becomes of the entry: invlpg.

-- Each page was used just before it was unmapped; "done" says whether it can still be used.
SELECT id, done = 0 AS ok, printf('a load from 0x%x goes through after the page was unmapped', value) AS what
FROM try WHERE name = 'gone' ORDER BY id
