-- ask: How many handles will the longest revoke of the run tree take back, on POWER: {children} children, each with a chain of two more, when three of all these are gone already?
-- kind: prediction
-- points: 1
-- run: tree
-- machine: ppc64
-- hint: one call takes all that is below.
SELECT max(revoked) FROM handle_revoke
