-- Whether a fresh source lists each brand: rules.is_covered.
SELECT
    brand.id AS brand_id,
    EXISTS (
        SELECT FROM parts_supplier_brands listed
        JOIN parts_supplier supplier ON supplier.id = listed.supplier_id
        WHERE listed.brand_id = brand.id
            AND %(now)s < supplier.confirmed_at + supplier.warn_after_s * interval '1 second'
    ) AS is_covered
FROM parts_brand brand
