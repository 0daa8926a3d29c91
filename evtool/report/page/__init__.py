"""The page that `evtool report` makes of an account, in the order that `manifests/FORMAT-report.md` fixes."""
