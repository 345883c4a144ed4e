#!/bin/bash
# A member of a Patroni cluster in a pod; see member/start.py.
exec python3 /usr/local/lib/cryptosense/member/start.py
