"""The reference hospital's plan: its data file is whole, and its slots are where the calendar has them."""

from simulators.his.clinic_plan import clinic_plan

AT = "2020-10-14 08:30:00"


def test_data_file_is_whole() -> None:
    plan = clinic_plan()
    assert len({doctor.code for doctor in plan.doctors}) == len(plan.doctors)
    for doctor in plan.doctors:
        assert doctor.places > 0
        assert doctor.fee > 0
        for half_day in doctor.half_days:
            day, period = half_day.split()
            assert 1 <= int(day) <= 7
            assert period in plan.periods


def test_slots_are_found_by_number_until_they_end() -> None:
    plan = clinic_plan()
    for slot in plan.slots("2020-10-14", AT):
        assert plan.slot(slot.number, AT) == slot
        assert plan.slot(slot.number, slot.ends) is None
        assert plan.known(slot.number) == slot


def test_slots_are_given_out_so_far_ahead() -> None:
    plan = clinic_plan()
    assert plan.slots("2020-10-28", AT)
    assert plan.slots("2020-10-29", AT) == []
    assert plan.slots("2020-10-13", AT) == []
