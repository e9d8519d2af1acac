-- title: Each missing right is missed, and the trace names who, what and which right
-- points: 4
-- level: core
-- run: rights
-- least: 18
-- credit: share
-- hint: rights are a set: which of those that are asked for are not in it?
WITH things AS (SELECT object FROM object_create WHERE id > (SELECT id FROM mark_instant WHERE name = 'start')
    UNION SELECT endpoint FROM endpoint_create WHERE id > (SELECT id FROM mark_instant WHERE name = 'start'))
SELECT t.id,
  CASE t.name WHEN 'may' THEN t.told = 0 AND NOT EXISTS (SELECT 1 FROM handle_refused f WHERE f.id BETWEEN t.id AND t.told_id AND f.thread = t.thread)
    ELSE t.told = 2 AND EXISTS (SELECT 1 FROM handle_refused f WHERE f.id BETWEEN t.id AND t.told_id AND f.thread = t.thread AND f.handle = t.handle
      AND f.object IN things AND f.missing = t.rights AND f.status = 'DENIED') END AS ok,
  'handle ' || t.handle || ' ' || t.name || ' do what needs the right ' || t.rights || ', and the program is told ' || t.told AS what
FROM tries t WHERE t.name IN ('may not', 'may') ORDER BY t.id
