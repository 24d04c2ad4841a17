"""Bad input, said in one line.

Decides how a given input is refused: the line names the file or field, the problem and the mend.
The command line prints it and exits with status 1.
"""

from kg.wording import in_words

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
        problem = problem.removeprefix(f"{where}: ").removeprefix(f"{where}/")
        self.where, self.problem, self.mend = str(where), problem, mend
        end = "" if problem.endswith(("?", ".")) else "."
        super().__init__(f"{where}: {problem}{end} {mend}")

    def __reduce__(self) -> tuple[type["InputError"], tuple[str, str, str]]:
        """So that a worker process can hand it on."""
        return InputError, (self.where, self.problem, self.mend)

    @classmethod
    def of(cls, where: object, error: BaseException, mend: str) -> "InputError":
        """What an inner layer said; the mend behind its last semicolon counts before `mend`.

        >>> InputError.of("g", ValueError("g: too small; build it again"), "Look at it")
        InputError('g: too small. Build it again')
        """
        said = in_words(error)
        problem, _, own = said.rpartition("; ")
        if not problem or problem.count("(") > problem.count(")"):  # it stands in an aside
            return cls(where, said, mend)
        return cls(where, problem, own[:1].upper() + own[1:])
