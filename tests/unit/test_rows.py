"""What a table tells of the rows that do not keep its promise: no less than as many tests would."""

import pytest

from support.rows import each_row


def told(test: object) -> str:
    """Return what a table's test says when it fails."""
    assert callable(test)
    with pytest.raises(pytest.fail.Exception) as failed:
        test()
    return str(failed.value)


def test_each_row_that_fails_is_told_with_what_was_got_and_what_was_expected() -> None:
    """Whether by an assertion, by a bug, or by an error that does not come; those in between are tried as well."""
    tried = list[int]()

    @each_row([(1, 1), (2, 3), (0, 0), (4, 9), (5, 25)], "root", "square")
    def table(root: int, square: int) -> None:
        tried.append(root)
        assert 1 / root
        if root == 5:
            with pytest.raises(ValueError, match="five"):
                int("5")
        assert root**2 == square

    said = told(table)
    assert tried == [1, 2, 0, 4, 5]
    assert said.startswith("4 of 5 rows:\n\nrow 1: root=2, square=3\n    assert (2 ** 2) == 3\n")
    assert "row 2: root=0, square=0\n    ZeroDivisionError: division by zero\n" in said
    assert "row 3: root=4, square=9\n    assert (4 ** 2) == 9\n" in said
    assert "row 4: root=5, square=25\n    Failed: DID NOT RAISE" in said
    assert said.count(f"\n    {__file__}:") == 4


def test_a_row_that_skips_hides_no_row_that_fails() -> None:
    """It would be the end of the table, and of what is told of it: it fails."""

    @each_row([1, 2, 3], "number")
    def table(number: int) -> None:
        if number == 2:
            pytest.skip("not here")
        assert number == 1

    assert told(table).startswith("2 of 3 rows:\n\nrow 1: number=2\n    Skipped: not here\n")


@each_row(["x", "y"], "name")
def test_fixtures_are_shared_by_the_rows(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """They are asked for as ever."""
    assert tmp_path_factory.mktemp(name).name.startswith(name)


def test_a_table_without_rows_is_refused() -> None:
    """A file that was moved must not make its test one that cannot fail."""
    with pytest.raises(ValueError, match="could not fail"):
        each_row([], "line")
