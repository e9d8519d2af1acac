-- ask: How many system calls will have to be made again because a page had to be brought, in the run absent on POWER?
-- kind: prediction
-- points: 1
-- run: absent
-- machine: ppc64
-- hint: two for each of {pages} pages, and one copy that needs two.
SELECT count(*) FROM uaccess_retry
