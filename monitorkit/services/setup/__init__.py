"""What a Prometheus is set up with: targets, rules, storage, and the files that say so."""
