"""Past one machine. New: the printed program under JAX, the examples spread over devices and processes.

    pip install -e ".[jax]"
    python examples/devices.py

L is a mean over the examples, so ∂L/∂θ is the mean of their gradients. Each device can take its own examples with a
copy of θ; at the end of a step the devices only add up their gradients. `compile_graph` prints the program for any
number of examples. The program does not know about devices: JAX distributes the work by where the arrays are. Here
eight devices are simulated on the processor, and then two processes with four devices each exchange gradients over the
network. The same lines run on eight real devices. If W is too wide for one device, each can hold some of its columns.
"""

import os
import socket
import subprocess
import sys

from tinygrad_edu import MLP, Tensor, compile_graph, grad, squared_error
from tinygrad_edu.writing.console import unicode_output

unicode_output()

DEVICES, STEPS, N, ETA = 8, 60, 400, 0.05
rank, processes, address = (int(sys.argv[1]), 2, sys.argv[2]) if len(sys.argv) == 3 else (0, 1, "")
# Has to be set before JAX is imported.
os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={DEVICES // processes}"
os.environ["JAX_PLATFORMS"] = "cpu"

try:
    import jax
    import jax.numpy as jnp
    import numpy as np
    from jax.sharding import Mesh, NamedSharding, PartitionSpec
except ImportError:
    sys.exit('devices.py needs JAX: pip install -e ".[jax]"')

jax.config.update("jax_enable_x64", True)
if processes > 1:
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.distributed.initialize(address, num_processes=processes, process_id=rank)

# Two moons.
rng = np.random.default_rng(0)
t, upper = np.pi * rng.random(N), np.arange(N) % 2 == 0
X = np.where(upper, [np.cos(t), np.sin(t)], [1 - np.cos(t), 0.5 - np.sin(t)]) + 0.1 * rng.normal(size=(2, N))
X, Y = X.T, np.where(upper, 1.0, -1.0)[:, None]  # a row is an example

# The program, recorded with two examples.
net = MLP([2, 8, 1], activation="tanh", seed=1)


def program_of(net, width):
    parameters = net.parameters()
    x, y = Tensor(np.zeros((2, width)), label="X"), Tensor(np.zeros((2, 1)), label="Y")

    def with_gradient(x, y, theta):
        loss = squared_error(net(x), y, reduction="mean")
        return {"L": loss, "grad": grad(loss, parameters)}

    inputs = {"X": x, "Y": y, "theta": parameters}
    return compile_graph(with_gradient, inputs, level="tensor", batch=[x, y]).bind(jnp)


program, parameters = program_of(net, 2), net.parameters()


@jax.jit
def step(X, Y, theta):
    """The mean of the losses, and θ − η times its gradient."""
    result = program(X, Y, theta)
    return result["L"], [p - ETA * g for p, g in zip(theta, result["grad"])]


def train(X, Y, theta):
    losses = []
    for _ in range(STEPS):
        L, theta = step(X, Y, theta)
        losses.append(float(L))
    return losses, [np.asarray(p) for p in theta]


mesh = Mesh(np.array(jax.devices()), ("examples",))
by_rows, by_columns, copied = [
    NamedSharding(mesh, PartitionSpec(*axes)) for axes in (["examples"], [None, "examples"], [])
]


def placed(array, sharding):
    """The array on the devices of all processes: each process gives those of its parts that its own devices hold."""
    return jax.make_array_from_callback(array.shape, sharding, lambda index: array[index])


theta = [np.array(p.data) for p in parameters]
many = train(placed(X, by_rows), placed(Y, by_rows), [placed(p, copied) for p in theta])
with jax.default_device(jax.local_devices()[0]):
    single = train(jnp.array(X), jnp.array(Y), [jnp.array(p) for p in theta])
difference = max(np.abs(np.array(a) - b).max() for a, b in zip([many[0], *many[1]], [single[0], *single[1]]))
assert difference < 1e-12
if rank == 0:
    whose = "eight devices" if processes == 1 else "two processes with four devices each"
    print(f"{whose}: {N // DEVICES} of {N} examples on each device")
    if processes == 1:
        print("\n step         L")
        for k in (0, 1, 10, STEPS - 1):
            print(f"{k:>5}{many[0][k]:10.4f}")
        print()
    print(f"largest difference from one device in {STEPS} steps: {difference:.0e}\n", flush=True)

if processes == 1:
    # A wide layer: each device has some of the columns of W, and of the rows of x that they meet.
    wide = MLP([800, 8, 1], activation="tanh", seed=2)
    slopes = jax.jit(program_of(wide, 800))
    A, B = rng.normal(size=(50, 800)), rng.normal(size=(50, 1))
    whole = [np.array(p.data) for p in wide.parameters()]
    shared = [placed(whole[0], by_columns), *[placed(p, copied) for p in whole[1:]]]
    spread = slopes(placed(A, by_columns), placed(B, copied), shared)["grad"]
    alone = slopes(jnp.array(A), jnp.array(B), [jnp.array(p) for p in whole])["grad"]
    difference = max(np.abs(a - b).max() for a, b in zip(spread, alone))
    assert difference < 1e-12 and len(spread[0].sharding.device_set) == DEVICES
    print(
        f"W of shape {whole[0].shape}, {800 // DEVICES} columns on each device: the same gradient to {difference:.0e}\n"
    )

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    commands = [[sys.executable, __file__, str(k), address] for k in (0, 1)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    started = [subprocess.Popen(command, **pipes) for command in commands]
    try:
        for process in started:
            printed, errors = process.communicate(timeout=120)
            if process.returncode:
                sys.exit(errors)
            print("\n".join([line for line in printed.splitlines() if not line.startswith("[Gloo]")]))
    finally:
        for process in started:  # one waits for the other, also for one that has failed
            process.kill()
