-- title: A right that is gone does not come back with a duplicate of the duplicate
-- points: 2
-- level: core
-- run: rights
-- least: 9
-- hint: what was asked for and what the other handle has: which of the two says what the new one may?
SELECT t.id, t.told = 2 AS ok, 'handle ' || t.handle || ', made from one without the right ' || t.rights || ': the program is told ' || t.told AS what
FROM tries t WHERE t.name = 'shrunk' ORDER BY t.id
