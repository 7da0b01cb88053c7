"""Hostile input: past vulnerabilities of servers like this, and fuzzing over the wire. Where each is attacked:

traversal in every encoding     test_hostile_paths (climbs as target and Destination), dav_values/test_urls_and_names
check-path against use-path     test_hostile_names (NFC and NFD, look-alikes, a proxy's prefix), test_hostile_smuggling
                                (whole URLs as targets), dav_values/test_destination_header
foreign lock tokens, refresh    test_hostile_rights (another's, another drive's, made up ones)
tokens shown to others          test_hostile_strangers (lockdiscovery, errors, headers, log)
COPY and MOVE without a right   test_hostile_rights, test_hostile_strangers (all four pairs, onto what one may not see)
what is there for strangers     test_hostile_strangers (every method, uploads, If, numbers, time of writes),
                                test_hostile_leaks (time of reads, logins), test_hostile_postgres (waiting for a drive)
XXE, entities, attributes       test_hostile_bodies, dav_values/test_xml_bodies (each limit and one past it)
decompression                   test_hostile_browsers (a coded body stays as it came)
Range bombs                     test_hostile_bodies, test_hostile_memory, dav_values/test_ranges
If, Timeout, Depth, Destination test_hostile_bodies, test_hostile_fuzz, test_hostile_parsing, test_hostile_regexes,
                                wire/test_wire_bad_input
numbers past every integer      test_hostile_numbers, test_hostile_postgres
smuggling                       test_hostile_smuggling (over the real server), server/test_server_framing (head, body)
slow clients                    test_hostile_slowness (over the real server), server/test_server_limits, _stalled
stored XSS, HTML, SVG, PDF      test_hostile_bodies, test_hostile_browsers (headers of pages and files)
cross-site writes               test_hostile_browsers (forms, no-cors, preflights, tus), test_hostile_rights
password guessing, proxy header serving/test_serving_guessing, auth_rules/test_auth_throttle, _addresses
unknown-user timing             test_hostile_rights, test_hostile_leaks, auth_rules/test_auth_passwords
Authorization and passwords     test_hostile_logins, auth_rules/test_auth_credentials
links in objects and imports    test_hostile_paths, cli/test_cli_trees (one swapped in), cli/test_cli_history (export)
other users of the machine      test_hostile_folders (modes, a stranger's run folder)
SQL, LIKE, shell in names       test_hostile_paths, test_hostile_names (wildcards)
log forging, secrets in logs    test_hostile_logs (real lines, JSON and text), observe/test_observe_logs
series of strangers             test_hostile_logs, observe/test_observe_metrics
what is left in memory          test_hostile_memory
"""
