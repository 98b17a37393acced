"""A row of M/M/1 queues on SimPy: `simpy_row.py STAGES CUSTOMERS` prints seconds."""

import random
import sys
import time

import simpy

stages, customers = int(sys.argv[1]), int(sys.argv[2])
env = simpy.Environment()
row = [simpy.Resource(env) for _ in range(stages)]
waited = 0.0


def customer():
    global waited
    for server in row:
        came = env.now
        with server.request() as turn:
            yield turn
            waited += env.now - came
            yield env.timeout(random.expovariate(10))


def source():
    for _ in range(customers):
        yield env.timeout(random.expovariate(9))
        env.process(customer())


env.process(source())
begin = time.perf_counter()
env.run()
print(time.perf_counter() - begin)
