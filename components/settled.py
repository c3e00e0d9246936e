"""How the program ends: once the engine has answered whatever was registered.

Until then the program must live, for outputs of what was answered are inputs of what was not.
"""

import asyncio


async def settled() -> None:
    """Wait until whatever was registered is answered, or one thing failed; for ``pulumi.run``.

    The SDK waits for the same (``wait_for_rpcs``), but each time an output arrives it looks at all
    that are outstanding again. That costs with the square of their number: with fifty federations
    two thirds of the program's time (docs/performance.md).

    What is left when this ends, and every failure, is the SDK's.
    """
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others, return_when=asyncio.FIRST_EXCEPTION)
