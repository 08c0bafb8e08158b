"""What the tests of the engine need around them. Read this first.

`Stack` (stack.py) is a migrated database, a broker and the processes that work on them. The
fixtures `stack` and `live_stack` (../conftest.py) give one; in `live_stack` a worker and beat run.

A test creates a tenant, submits a sample and waits for the outcome:

    tenant = live_stack.new_tenant()                 an organisation with an administrator
    sample = mixed(1000, tenant.name)                a file whose outcome is known (samples.py)
    batch_id = live_stack.submit(sample, tenant)
    live_stack.wait_until_completed(batch_id, sample)   compares every row with the outcome

`set_faults("mid_chunk=kill@3")` makes a process fail at a point of the code
(imports/engine/failpoints.py). Triggers in the database log every change (invariants.py), and
`check_invariants` finds changes that were not allowed, even if they lasted only for a moment.
"""
