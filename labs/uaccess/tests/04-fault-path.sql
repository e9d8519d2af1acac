-- title: A fault of the kernel in a copy goes the way of any fault: the page is there afterwards
-- points: 4
-- level: core
-- run: absent
-- least: 14
-- hint: the trap that stopped the copy is what the fault path is asked about.
SELECT u.id,
  f.id IS NOT NULL AND f.address = u.address AND f.access = u.access AND f.dur IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM uaccess_fault v WHERE v.id > u.id AND v.thread = u.thread AND v.address = u.address AND v.access = u.access) AS ok,
  'the kernel touches ' || printf('0x%x', u.address) || ' for thread ' || u.thread || ': ' || ifnull(f.result, 'no fault follows') AS what
FROM uaccess_fault u LEFT JOIN fault f ON f.id = (SELECT min(b.id) FROM fault_begin b WHERE b.id > u.id AND b.thread = u.thread)
ORDER BY u.id
