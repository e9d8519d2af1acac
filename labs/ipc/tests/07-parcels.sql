-- title: A handle that goes with a message arrives, and works
-- points: 3
-- level: core
-- run: parcels
-- least: 5
-- credit: share
-- hint: the number of a handle means something in one table only; handle_install() finds one in the table of the receiver.
SELECT m.id,
  (SELECT count(*) FROM handle_pass p WHERE p.id > m.id AND p.id < g.id) = 2
    AND (SELECT count(DISTINCT p.object) FROM handle_pass p WHERE p.id > m.id AND p.id < g.id) = 1 AND g.value = 1 AS ok,
  'parcel ' || m.value || ', there and back' AS what
FROM mark_instant m JOIN mark_instant g ON g.id = (SELECT min(n.id) FROM mark_instant n WHERE n.name = 'got' AND n.id > m.id)
WHERE m.name = 'give' ORDER BY m.id
