-- What meets each requirement, as the catalogue expands it, with the repair it belongs to.
SELECT
    expanded.requirement_id, expanded.part_id, expanded.bundle, expanded.serial_from, expanded.serial_to,
    requirement.repair_id, expanded.quantity
FROM (
{expanded_options}
) expanded
JOIN parts_requirement requirement ON requirement.id = expanded.requirement_id
