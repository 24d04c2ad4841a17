"""Bad input, said in one line.

Decides how a given input is refused: the line names the file or field, the problem and the mend.
The command line prints it and exits with status 1.
"""

__all__ = ["InputError"]


class InputError(Exception):
    """An input that a person gave is bad.

    Args:
        where: File, field or identifier.
        problem: What is wrong with it.
        mend: What to do about it.
    """

    def __init__(self, where: object, problem: str, mend: str) -> None:
        # What an inner layer already said of the same place is not said twice.
        problem = problem.removeprefix(f"{where}: ")
        self.where, self.problem, self.mend = str(where), problem, mend
        super().__init__(f"{where}: {problem}. {mend}")
