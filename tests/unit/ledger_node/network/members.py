"""Members that a test can name without making keys."""

from ledger_node.network.member import Member


def member(number: int, account: str = "") -> Member:
    return Member(
        name=f"v{number}",
        node=f"{number:040x}",
        key=f"{number:064x}",
        operator=f"0x{number:040x}",
        peer=f"127.0.0.1:{9000 + number}",
        account=account,
    )
