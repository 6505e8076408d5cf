//! Queries of a coalition's rows. A room of the store cannot ask in any other way: the connection itself is out of its reach.

use cohortium_domain::text::sort_key;
use sea_orm::sea_query::{
    Alias, Asterisk, Condition, Expr, ExprTrait, IntoCondition, LikeExpr, LockBehavior, LockType, Query, SimpleExpr,
    SubQueryStatement,
};
use sea_orm::{
    ColumnTrait, DatabaseConnection, DatabaseTransaction, EntityTrait, FromQueryResult, Order, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Select, TryGetable, TryGetableMany, Value,
};

use crate::error::Result;
use crate::page::{Page, PageRequest, Position};

/// Where statements go: a pool, or a transaction.
pub(crate) enum Connection {
    Pool(DatabaseConnection),
    Transaction(DatabaseTransaction),
}

/// Runs an expression on whichever connection this is.
macro_rules! on {
    ($connection:expr, $name:ident => $run:expr) => {
        match $connection {
            $crate::rows::Connection::Pool($name) => $run.await.map_err($crate::dialect::classify),
            $crate::rows::Connection::Transaction($name) => $run.await.map_err($crate::dialect::classify),
        }
    };
}
pub(crate) use on;

/// A query of rows, already limited to a coalition.
pub(crate) struct Rows<'a, E: EntityTrait> {
    connection: &'a Connection,
    select: Select<E>,
}

impl<'a, E: EntityTrait<Model: FromQueryResult + Send + Sync>> Rows<'a, E> {
    pub(crate) fn new(connection: &'a Connection, select: Select<E>) -> Self {
        Self { connection, select }
    }

    /// Only those for which the condition holds.
    pub(crate) fn filter(mut self, condition: impl IntoCondition) -> Self {
        self.select = self.select.filter(condition.into_condition());
        self
    }

    /// Only those for which the condition holds, where one is given.
    pub(crate) fn filter_if<T>(self, value: Option<T>, condition: impl FnOnce(T) -> SimpleExpr) -> Self {
        match value {
            Some(value) => self.filter(condition(value)),
            None => self,
        }
    }

    /// Only those whose column is one of the values, where there are any.
    pub(crate) fn filter_any<V: Into<Value>>(self, column: E::Column, values: impl IntoIterator<Item = V>) -> Self {
        let values: Vec<V> = values.into_iter().collect();
        if values.is_empty() { self } else { self.filter(column.is_in(values)) }
    }

    /// In the order of a column.
    pub(crate) fn order_by(mut self, column: E::Column, order: Order) -> Self {
        self.select = self.select.order_by(column, order);
        self
    }

    /// At most so many.
    pub(crate) fn limit(mut self, limit: u64) -> Self {
        self.select = self.select.limit(limit);
        self
    }

    /// Locks what is found until the transaction ends. (SQLite has one writer, and nothing to lock.)
    pub(crate) fn lock(mut self) -> Self {
        self.select = self.select.lock_exclusive();
        self
    }

    /// The same, passing over what others have locked.
    pub(crate) fn lock_unless_locked(mut self) -> Self {
        self.select = self.select.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
        self
    }

    /// Holds what is found as it is until the transaction ends: others can hold it too, but nobody can lock it.
    pub(crate) fn hold(mut self) -> Self {
        self.select = self.select.lock_shared();
        self
    }

    /// The first.
    pub(crate) async fn one(self) -> Result<Option<E::Model>> {
        on!(self.connection, connection => self.select.one(connection))
    }

    /// All.
    pub(crate) async fn all(self) -> Result<Vec<E::Model>> {
        on!(self.connection, connection => self.select.all(connection))
    }

    /// Each only once.
    pub(crate) fn distinct(mut self) -> Self {
        self.select = self.select.distinct();
        self
    }

    /// One column of all.
    pub(crate) async fn column<T: TryGetable + Send>(self, column: E::Column) -> Result<Vec<T>> {
        let values: Vec<(T,)> = self.columns([column]).await?;
        Ok(values.into_iter().map(|(value,)| value).collect())
    }

    /// Some columns of all.
    pub(crate) async fn columns<T: TryGetableMany + Send>(self, columns: impl IntoIterator<Item = E::Column>) -> Result<Vec<T>> {
        let select = self.select.select_only().columns(columns).into_tuple::<T>();
        on!(self.connection, connection => select.all(connection))
    }

    /// How many.
    pub(crate) async fn count(self) -> Result<u64> {
        on!(self.connection, connection => self.select.count(connection))
    }

    /// One column of all, each with how many rows come before it: of the same value in one column, and of a lesser in another. They
    /// are counted, not read.
    pub(crate) async fn with_rows_before<T: TryGetable + Send>(
        self,
        column: E::Column,
        within: E::Column,
        by: E::Column,
    ) -> Result<Vec<(T, i64)>> {
        let before = Alias::new("before");
        let other = |column: E::Column| Expr::col((before.clone(), column));
        let own = |column: E::Column| Expr::col(column.as_column_ref());
        let mut count = Query::select();
        count.expr(Expr::col(Asterisk).count()).from_as(E::default().table_ref(), before.clone());
        count.and_where(other(within).eq(own(within))).and_where(other(by).lt(own(by)));
        let count = Expr::from(SubQueryStatement::from(count));
        let select = self.select.select_only().column(column).column_as(count, "rows_before").into_tuple::<(T, i64)>();
        on!(self.connection, connection => select.all(connection))
    }

    /// What a column comes to, for each of the values that some columns have.
    pub(crate) async fn sums<T: TryGetableMany + Send>(
        self,
        by: impl IntoIterator<Item = E::Column> + Clone,
        of: E::Column,
    ) -> Result<Vec<T>> {
        // PostgreSQL would give the sum as a number of another kind.
        let sum = Expr::col(of.as_column_ref()).sum().cast_as("BIGINT");
        let select = by.clone().into_iter().fold(self.select.select_only(), QuerySelect::group_by);
        let select = select.columns(by).column_as(sum, "sum").into_tuple::<T>();
        on!(self.connection, connection => select.all(connection))
    }

    /// A page, by a sort column and the id, which tells equal ones apart.
    pub(crate) async fn page(
        self,
        sort: E::Column,
        id: E::Column,
        request: &PageRequest,
        at: impl Fn(&E::Model) -> Position,
    ) -> Result<Page<E::Model>> {
        let total = if request.with_total { Some(Self::new(self.connection, self.select.clone()).count().await?) } else { None };
        let order = if request.descending { Order::Desc } else { Order::Asc };
        let rows = match &request.after {
            Some(position) => self.filter(beyond(sort, id, position, request.descending)),
            None => self,
        };
        let mut items = rows.order_by(sort, order.clone()).order_by(id, order).limit(request.limit + 1).all().await?;
        let more = items.len() > usize::try_from(request.limit).unwrap_or(usize::MAX);
        if more {
            items.pop();
        }
        let next = items.last().filter(|_| more).map(at);
        Ok(Page { items, next, total })
    }
}

/// The rows behind a position, as a row comparison, which one index on both columns serves.
fn beyond<C: ColumnTrait>(sort: C, id: C, position: &Position, descending: bool) -> Condition {
    let key: Value = position.key.clone().into();
    let row = Expr::tuple([Expr::col(sort.as_column_ref()), Expr::col(id.as_column_ref())]);
    let after = Expr::tuple([Expr::val(key), Expr::val(position.id)]);
    Condition::all().add(if descending { row.lt(after) } else { row.gt(after) })
}

/// Whether a text stands in a column of normalized text, letter by letter: `%` and `_` mean themselves.
pub(crate) fn contains(column: impl ColumnTrait, text: &str) -> SimpleExpr {
    let mut pattern = String::from("%");
    for letter in sort_key(text).chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    column.like(LikeExpr::new(pattern).escape('\\'))
}
