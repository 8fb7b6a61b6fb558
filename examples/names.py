"""The names that the programs names_1 to names_5 learn from, as (letters before, next letter)."""

NAMES = """
ada adele agnes alan albert alice alma amelia anna anton arno astrid ava bella benno bertha bruno carl carla cara
clara daniel dario diana dora edgar elena elias elisa ella emil emma erik ernst eva felix fiona flora frida gerda
greta hanna hans helena ida ilse ines irma iris jana jonas josef julia karin karl katja klara lara laura lea otto
leon lena leo lina linus liv lotte luca lucia luis maja mara maria marta mila milan mira moritz nina nora oliver
""".split()  # noqa: SIM905
LETTERS = ".abcdefghijklmnopqrstuvwxyz"  # the point begins and ends a name


def pairs(before: int) -> tuple[list[list[int]], list[int]]:
    """For each letter of each name, and for its end: the letters before it, and the letter itself, as numbers."""
    xs, ys = [], []
    for name in NAMES:
        tokens = [0] * before + [LETTERS.index(letter) for letter in name] + [0]
        for k in range(before, len(tokens)):
            xs.append(tokens[k - before : k])
            ys.append(tokens[k])
    return xs, ys
