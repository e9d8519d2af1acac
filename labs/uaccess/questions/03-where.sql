-- ask: At which address of the kernel did the first fault in a copy happen, in the run absent on POWER? In hexadecimal, as 0x2eb00.
-- points: 1
-- run: absent
-- machine: ppc64
-- hint: the fault_begin that follows the uaccess_fault has it.
SELECT printf('0x%x', b.pc) FROM uaccess_fault u JOIN fault_begin b ON b.id > u.id AND b.thread = u.thread ORDER BY u.id, b.id LIMIT 1
