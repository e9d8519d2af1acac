-- title: The kernel's walk leads where the machine's led
-- points: 4
-- level: core
-- run: paths
-- least: 24
-- hint: After a general protection fault the kernel reads the instruction through radix_walk(), byte by byte; a page ends
--   anywhere.

-- The processor has fetched the instruction and found it guilty. The kernel says of what, and can know it only from the same
-- bytes.
SELECT t.id, u.pc IS t.value AND u.cause IS CASE t.name WHEN 'privileged' THEN 'only the kernel may use that instruction'
		ELSE 'the address is the kernel''s' END AS ok,
	printf('the instruction at 0x%x (%s) was fetched; the kernel says: %s', t.value,
		CASE t.name WHEN 'privileged' THEN 'privileged' ELSE 'a load from no address' END,
			ifnull(u.cause, 'nothing')) AS what
FROM try t LEFT JOIN fault_upcall u ON u.id BETWEEN t.id AND t.end
WHERE t.name IN ('privileged', 'no address') ORDER BY t.id
