-- title: References reach zero: what nobody uses any more is freed, once
-- points: 3
-- level: core
-- run: tree
-- least: 32
-- hint: a handle that has ended gives its reference up; who does that for one that never came into a table?
SELECT * FROM freed ORDER BY id
