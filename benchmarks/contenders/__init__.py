"""The same work by several means: Kafka to a typed ledger and derived deals in the same engine.

Each module is a script that anyone can run: `python -m benchmarks.contenders.NAME SERVERS TOPIC
COUNT FOLDER`. It reads `COUNT` events of the topic and prints one line of JSON. Each contender is
written as its own documentation teaches, with what it offers for going fast. Quix Streams and
Arroyo need the environment of `benchmarks/peers.txt`; `benchmarks.kafka` makes it and runs all.
"""
