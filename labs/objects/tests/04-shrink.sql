-- title: A right that is gone does not come back with a duplicate of the duplicate
-- points: 2
-- level: core
-- run: rights
-- least: 9
-- hint: what was asked for and what the other handle has: which of the two says what the new one may?
WITH tries AS (
  SELECT m.id, m.thread, m.name, m.value >> 8 AS handle, m.value & 255 AS rights, t.id AS told_id, t.value AS told
  FROM mark_instant m JOIN mark_instant t ON t.id = (SELECT min(n.id) FROM mark_instant n WHERE n.thread = m.thread AND n.id > m.id AND n.name = 'told')
  WHERE m.name IN ('shrunk'))
SELECT t.id, t.told = 2 AS ok, 'handle ' || t.handle || ', made from one without the right ' || t.rights || ': the program is told ' || t.told AS what
FROM tries t ORDER BY t.id
